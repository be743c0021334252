# Programs for the checks of the project; none is part of the product.
add_executable(outputs tools/outputs.cpp)
target_link_libraries(outputs PRIVATE ep_settings edgepool)
add_executable(camera_tensor tools/camera_tensor.cpp)
target_link_libraries(camera_tensor PRIVATE ep_objects)
add_executable(hold tools/hold.cpp)
target_link_libraries(hold PRIVATE ep_settings)
add_executable(delay_relay tools/delay_relay.cpp)
target_link_libraries(delay_relay PRIVATE ep_settings Threads::Threads)
