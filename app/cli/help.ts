const TEXT = `edgepool: several TensorFlow Lite models on live frames, each in its own pool

edgepool run [options]        run models on frames until Ctrl-C
  --model FILE[,settings]     a model; may be repeated. Settings: labels=FILE, name=N, every=N,
                              threads=N, deadline=MS, priority=N, mean=M[,M,M], std=S[,S,S],
                              fit=stretch|crop|letterbox. None given: the job that set-up made
  --source SOURCE             pattern (the default), still:PATH[,each=SECONDS] for a JPEG or BMP
                              file or a folder of them, v4l2:DEVICE for a camera, y4m:FILE for
                              a recorded clip, gst:PIPELINE for what GStreamer plays; pattern
                              and v4l2 take width=N,height=N
  --record FILE               keep the source's frames in a new file, for y4m:FILE; NAME=FILE
                              where there are several sources
  --fps N                     frames a second, 30 by default
  --duration SECONDS          end after this time
  --broker URL                mqtt://host:port, embedded (the default) or none
  --report FILE               write the figures of the run as JSON at its end
  --plan FILE                 give each model the pool that this plan says, without a trial
  --config FILE               settings from a YAML or JSON file: docs/configuration.md; may be
                              repeated, a later one wins

edgepool status | pools | models | places [--json]
                              what the program that runs is doing, its pools, its models
edgepool load FILE            a model of its models folder joins the stream; --as N, --labels FILE,
                              --every N, --fps R, --priority N, --deadline-ms MS, --threads N
edgepool unload MODEL         it leaves, and its pool is given back
edgepool switch MODEL FILE    another one takes its place
edgepool park MODEL           it leaves, and waits with all that it has; places shows what waits;
                              --place memory|disk|neighbour
edgepool restore MODEL        it comes back as it was
edgepool set MODEL            --every N, --fps R, --priority N or --deadline-ms MS from now on
edgepool resolution WIDTH HEIGHT [--source N]
edgepool restart-source [--source N]
  --socket PATH               of the program to ask, where it is not at its usual place

edgepool verify [--json] MODEL...
                              check models and load each once in a process of its own

edgepool analyze [options] MODEL|FOLDER...
                              record a load of each and show how it uses memory
  --plan FILE                 write the plan for all of them together that run obeys
  --html FILE                 write a page with pictures
  --mtrace FILE               write every operation as a log that glibc's mtrace reads
  --json [FILE.json]          the figures as JSON, on standard output or in the file
  --threads N                 threads of the runtime, 1 by default
  --timeout SECONDS           how long one model may take, 60 by default

edgepool bench NAME|all       measure edgepool beside what one would otherwise use:
                              alloc, load, switch, concurrent, stream, memory, node, park, claims
  --json FILE                 the figures as JSON
  --pages FOLDER              write benchmarks.md and its pictures into the folder
  --models FOLDER             more models, beside those that set-up made; may be repeated
  --tiny                      show that it works; the figures mean nothing

edgepool first-boot           on a board: take settings, passwords and models from the boot
                              partition: docs/board.md
  --root FOLDER               in place of /; --boot, --data, --run, --shipped and --zones name
                              single places below it

edgepool help, version        this text; the version

Exit status: 0 done, 1 failed or refused, 2 wrong usage.
`;

export async function help(): Promise<number> {
  process.stdout.write(TEXT);
  return 0;
}
