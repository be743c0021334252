/** A child: serves `rtsp://127.0.0.1:PORT/clip` by GStreamer's own server, and says the port. The
 *  clip is the pipeline of the first argument, whose payloader is named pay0. */
import { writeSync } from 'node:fs';
import koffi from 'koffi';

const [, , pipeline = ''] = process.argv;
const gst = koffi.load('libgstreamer-1.0.so.0');
const rtsp = koffi.load('libgstrtspserver-1.0.so.0');
const glib = koffi.load('libglib-2.0.so.0');

gst.func('void gst_init(void*, void*)')(null, null);
const server = rtsp.func('void* gst_rtsp_server_new()')();
rtsp.func('void gst_rtsp_server_set_address(void*, const char*)')(server, '127.0.0.1');
rtsp.func('void gst_rtsp_server_set_service(void*, const char*)')(server, '0');
const factory = rtsp.func('void* gst_rtsp_media_factory_new()')();
rtsp.func('void gst_rtsp_media_factory_set_launch(void*, const char*)')(factory, `( ${pipeline} )`);
const mounts = rtsp.func('void* gst_rtsp_server_get_mount_points(void*)')(server);
const add = rtsp.func('void gst_rtsp_mount_points_add_factory(void*, const char*, void*)');
add(mounts, '/clip', factory);
rtsp.func('unsigned int gst_rtsp_server_attach(void*, void*)')(server, null);
const port: number = rtsp.func('int gst_rtsp_server_get_bound_port(void*)')(server);
const loop = glib.func('void* g_main_loop_new(void*, int)')(null, 0);
writeSync(1, `${port}\n`);
// For good: the child ends by a signal.
glib.func('void g_main_loop_run(void*)')(loop);
