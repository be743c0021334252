# Programs that benches start: a line of `ep_add_bench(NAME SOURCE...)` each.
function(ep_add_bench name)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE edgepool ep_settings)
  set_target_properties(${name} PROPERTIES BUILD_RPATH "$ORIGIN")
endfunction()

ep_add_bench(edgepool-bench-concurrent tools/bench_concurrent.cpp tools/bench_session.cpp)
ep_add_bench(edgepool-bench-load tools/bench_load.cpp tools/bench_session.cpp)
ep_add_bench(edgepool-bench-alloc tools/bench_alloc.cpp tools/bench_trace.cpp)
ep_add_bench(edgepool-bench-switch tools/bench_switch.cpp tools/bench_session.cpp)
ep_add_bench(edgepool-bench-park tools/bench_park.cpp tools/bench_session.cpp)
