// What the runtime prints for itself. It writes to `stderr`, which belongs to the program: a line
// such as "INFO: Created ... delegate" is news to nobody. The binder points the runtime's `stderr`
// at a stream of ours, which lets warnings and errors through and drops the rest.
#pragma once

#include <cstdio>

namespace ep {

/** Where the runtime's reference to `stderr` shall point: a FILE* that outlives the process's other
 *  objects. Null iff the stream cannot be made; the reference is left alone then. */
FILE** runtime_stderr();

}  // namespace ep
