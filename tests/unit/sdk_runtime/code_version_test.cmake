# Holds weir_code_version.cmake to what it promises: comments, layout and folders do not change a
# hash, everything that the compiler would see does. Run with cmake -P; needs SCRIPT, COMPILER and
# FOLDER.
cmake_minimum_required(VERSION 3.25)
file(REMOVE_RECURSE "${FOLDER}")
file(WRITE "${FOLDER}/flags.rsp" "-std=gnu++20\n")

function(hash_of folder source header result)
  file(WRITE "${FOLDER}/${folder}/a.h" "${header}")
  file(WRITE "${FOLDER}/${folder}/a.cc" "${source}")
  execute_process(
    COMMAND "${CMAKE_COMMAND}" "-DCOMPILER=${COMPILER}" "-DFLAGS=${FOLDER}/flags.rsp"
            "-DSOURCE=${FOLDER}/${folder}/a.cc" "-DSOURCE_ROOT=${FOLDER}/${folder}"
            "-DBINARY_ROOT=${FOLDER}/${folder}/build" "-DOUTPUT=${FOLDER}/${folder}/a.hash"
            -P "${SCRIPT}"
    COMMAND_ERROR_IS_FATAL ANY)
  file(READ "${FOLDER}/${folder}/a.hash" hash)
  set(${result} "${hash}" PARENT_SCOPE)
endfunction()

set(source "#include \"a.h\"\nint twice(int x) {\n  return x * kFactor;\n}\nconst char* here = __FILE__;\n")
set(header "constexpr int kFactor = 2;\n")
hash_of(base "${source}" "${header}" base)

string(REPLACE "  return" "  // why\n\n      return" layout "${source}")
hash_of(layout "${layout}" "/* about */\n${header}" layout)
hash_of(moved/deeper "${source}" "${header}" moved)
hash_of(dated "${source}" "${header}" dated)
foreach(same layout moved dated)
  if(NOT base STREQUAL "${${same}}")
    message(FATAL_ERROR "${same}: the hash changed although the code did not")
  endif()
endforeach()

string(REPLACE "x * kFactor" "x + kFactor" edited "${source}")
hash_of(edited "${edited}" "${header}" edited)
hash_of(factor "${source}" "constexpr int kFactor = 3;\n" factor)
hash_of(literal "${source}const char* text = \"a  b\";\n" "${header}" two_spaces)
hash_of(literal "${source}const char* text = \"a b\";\n" "${header}" one_space)
if(base STREQUAL edited OR base STREQUAL factor OR one_space STREQUAL two_spaces)
  message(FATAL_ERROR "the code changed and the hash did not")
endif()

file(READ "${FOLDER}/base/a.hash.d" dependencies)
if(NOT dependencies MATCHES "a\\.h")
  message(FATAL_ERROR "a changed header would go unnoticed: ${dependencies}")
endif()
