# How everything is compiled: language level, warnings, sanitizers, linker, compiler cache; and the
# functions that every folder uses, weir_add_library() and weir_add_test() before all.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(CMAKE_CXX_VISIBILITY_PRESET hidden)

find_program(WEIR_CCACHE ccache)
if(WEIR_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${WEIR_CCACHE}")
endif()
find_program(WEIR_MOLD mold)
if(WEIR_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Werror)
if(NOT WEIR_SANITIZE STREQUAL "none")
  add_compile_definitions(WEIR_SANITIZED)
endif()
if(WEIR_SANITIZE MATCHES "^address")
  add_compile_options(
    -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
  if(WEIR_SANITIZE STREQUAL "address")
    # Checked at every access, they are two thirds of the code and half of the time to compile it. A
    # null that is used is a crash that AddressSanitizer explains; the nightly build has both.
    add_compile_options(-fno-sanitize=null,alignment)
  endif()
elseif(WEIR_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
endif()

# weir_add_library(NAME SOURCES… DEPENDS…): a static library whose headers are included by their
# path from the root.
function(weir_add_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS;PRIVATE_DEPENDS" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_include_directories(${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>)
  target_link_libraries(${name} PUBLIC ${arg_DEPENDS} PRIVATE ${arg_PRIVATE_DEPENDS})
endfunction()

# weir_optimise(NAME): for code that works byte by byte (hashes, JSON, values), which would take
# most of the time of a sanitized test.
function(weir_optimise name)
  if(NOT WEIR_SANITIZE STREQUAL "none")
    target_compile_options(${name} PRIVATE -O1)
  endif()
endfunction()

# weir_add_test(NAME SOURCES… DEPENDS… [LABELS…] [TIMEOUT seconds]): a GoogleTest program run by
# ctest.
function(weir_add_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;DEPENDS;LABELS" ${ARGN})
  find_package(GTest REQUIRED)
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE ${arg_DEPENDS} GTest::gmock GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT})
endfunction()

# weir_add_folder(PATH): add_subdirectory, for a folder that may not be part of this checkout yet.
macro(weir_add_folder path)
  if(EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${path}/CMakeLists.txt")
    add_subdirectory(${path})
  endif()
endmacro()
