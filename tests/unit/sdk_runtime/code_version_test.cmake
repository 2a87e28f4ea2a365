# Holds weir_module() to what it promises of code versions: comments, layout, times, folders and
# build tools do not change one, everything that the compiler would see does. Run with cmake -P;
# needs PROJECT, WEIR_CMAKE, COMPILER and FOLDER.
cmake_minimum_required(VERSION 3.25)
file(REMOVE_RECURSE "${FOLDER}")
find_program(CCACHE ccache)

function(configure folder generator)
  file(COPY "${PROJECT}/" DESTINATION "${FOLDER}/${folder}")
  file(WRITE "${FOLDER}/${folder}/inc/factor.h" "constexpr int kFactor = 2;\n")
  execute_process(
    COMMAND "${CMAKE_COMMAND}" -S "${FOLDER}/${folder}" -B "${FOLDER}/${folder}/build"
            -G "${generator}" "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DWEIR_CMAKE=${WEIR_CMAKE}"
            ${ARGN}
    OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# Builds it, and sets `result` to its code version.
function(version_of folder result)
  cmake_parse_arguments(arg "" "CONFIG" "" ${ARGN})
  set(build "${FOLDER}/${folder}/build")
  execute_process(COMMAND "${CMAKE_COMMAND}" --build "${build}" --config "${arg_CONFIG}"
                  OUTPUT_VARIABLE said ERROR_VARIABLE said RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "${folder} does not build: ${said}")
  endif()
  execute_process(COMMAND "${build}/${arg_CONFIG}/versioned" OUTPUT_VARIABLE version
                  COMMAND_ERROR_IS_FATAL ANY)
  if(NOT version MATCHES "^[0-9a-f]+$")
    message(FATAL_ERROR "${folder}: '${version}' is no code version")
  endif()
  set(${result} "${version}" PARENT_SCOPE)
endfunction()

# The version after `before` became `after` in `file`, which is then put back.
function(version_with folder file before after result)
  file(READ "${FOLDER}/${folder}/${file}" original)
  string(REPLACE "${before}" "${after}" edited "${original}")
  if(edited STREQUAL original)
    message(FATAL_ERROR "there is no '${before}' in ${file}")
  endif()
  file(WRITE "${FOLDER}/${folder}/${file}" "${edited}")
  version_of(${folder} version)
  file(WRITE "${FOLDER}/${folder}/${file}" "${original}")
  set(${result} "${version}" PARENT_SCOPE)
endfunction()

function(expect_same what one other)
  if(NOT one STREQUAL other)
    message(FATAL_ERROR "${what}: the version changed although the code did not")
  endif()
endfunction()

function(expect_other what one other)
  if(one STREQUAL other)
    message(FATAL_ERROR "${what}: the code changed and the version did not")
  endif()
endfunction()

configure(base Ninja)
version_of(base base)
version_with(base main.cc "  return product" "  // why\n\n      return product" version)
expect_same(layout "${base}" "${version}")
version_with(base main.cc "x * kFactor" "x + kFactor" version)
expect_other(edited "${base}" "${version}")
version_with(base main.cc "return WORDS" "return \"a  b\"" two_spaces)
version_with(base main.cc "return WORDS" "return \"a b\"" one_space)
expect_other(literal "${two_spaces}" "${one_space}")
version_with(base inc/factor.h "kFactor = 2" "kFactor = 3" version)
expect_other(header "${base}" "${version}")
version_of(base version)
expect_same("edited and put back" "${base}" "${version}")
configure(base Ninja "-DDEFINITION=CHECKED=1")
version_of(base version)
expect_other(definition "${base}" "${version}")
configure(base Ninja "-DDEFINITION=" "-DSOURCE_DEFINITION=CHECKED=1")
version_of(base version)
expect_other("definition of a source" "${base}" "${version}")

# A path as people have them, another folder and another tool.
configure("it's another" "Unix Makefiles")
version_of("it's another" version)
expect_same("folder and build tool" "${base}" "${version}")
version_with("it's another" inc/factor.h "kFactor = 2" "kFactor = 3" version)
expect_other("header, with make" "${base}" "${version}")

if(CCACHE)
  list(APPEND compiler "${CCACHE}" "${COMPILER}")
  set(COMPILER "${compiler}")
endif()
configure(configurations "Ninja Multi-Config")
version_of(configurations debug CONFIG Debug)
version_of(configurations release CONFIG Release)
expect_other(configuration "${debug}" "${release}")
