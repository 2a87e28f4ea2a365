# weir_module(NAME SOURCES file… [LIBRARIES target…] [NO_PRECOMPILE])
#
# Builds the program NAME, a Weir module, from SOURCES and links weir::sdk and LIBRARIES to it.
# Shared libraries that are shipped beside it are found in lib/ next to the program (RUNPATH
# $ORIGIN/lib). Its code version, which `describe` reports for every stage without a .version() of
# its own, is a hash over the preprocessed sources: a rebuild, a comment or another folder does not
# change it; a changed header, definition or line does. It is one hash a module, because a stage's
# function does not tell which source it came from.

set(_WEIR_CODE_VERSION_SCRIPT "${CMAKE_CURRENT_LIST_DIR}/weir_code_version.cmake")
# With fewer sources a precompiled header costs more than it saves.
set(_WEIR_PRECOMPILE_SOURCES_MIN 3)

function(weir_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "NO_PRECOMPILE" "" "SOURCES;LIBRARIES")
  if(NOT arg_SOURCES)
    message(FATAL_ERROR "weir_module(${name}) needs SOURCES")
  endif()
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "weir_module(${name}): unexpected ${arg_UNPARSED_ARGUMENTS}; "
      "usage: weir_module(NAME SOURCES file… [LIBRARIES target…] [NO_PRECOMPILE])")
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE weir::sdk ${arg_LIBRARIES})
  target_compile_features(${name} PRIVATE cxx_std_20)
  target_link_options(${name} PRIVATE -Wl,--enable-new-dtags)
  set_property(TARGET ${name} APPEND PROPERTY BUILD_RPATH "$ORIGIN/lib")
  set_property(TARGET ${name} APPEND PROPERTY INSTALL_RPATH "$ORIGIN/lib")
  list(LENGTH arg_SOURCES count)
  if(NOT arg_NO_PRECOMPILE AND NOT count LESS _WEIR_PRECOMPILE_SOURCES_MIN)
    target_precompile_headers(${name} PRIVATE <weir/weir.h>)
  endif()
  _weir_code_version(${name} ${arg_SOURCES})
endfunction()

# What the compiler would see of each source, as the compiler says it: an object library beside the
# module whose `objects` are the preprocessed sources. CMake itself then takes care of quoting,
# generator expressions, configurations, compiler wrappers, source-level properties and of headers
# that change. Nobody links it. The last command hashes them and writes the constant that the SDK
# looks for.
function(_weir_code_version name)
  set(preprocessed "${name}_code_version")
  set(folder "${CMAKE_CURRENT_BINARY_DIR}/${preprocessed}")
  set(sources ${ARGN})
  list(FILTER sources EXCLUDE REGEX "\\$<TARGET_OBJECTS:")  # they are preprocessed no more
  add_library(${preprocessed} OBJECT EXCLUDE_FROM_ALL ${sources})
  add_dependencies(${name} ${preprocessed})
  cmake_language(EVAL CODE "cmake_language(DEFER DIRECTORY [==[${CMAKE_SOURCE_DIR}]==]
    CALL _weir_mirror_target [==[${name}]==] [==[${preprocessed}]==])")

  # A list in a file: paths may hold anything that a command line would trip over.
  set(list_file "${folder}/$<CONFIG>/preprocessed.txt")
  file(GENERATE OUTPUT "${list_file}" CONTENT "$<JOIN:$<TARGET_OBJECTS:${preprocessed}>,\n>\n")
  set(output "${folder}/$<CONFIG>/code_version.cc")
  add_custom_command(
    OUTPUT "${output}"
    COMMAND "${CMAKE_COMMAND}" "-DPREPROCESSED=${list_file}" "-DOUTPUT=${output}"
            -P "${_WEIR_CODE_VERSION_SCRIPT}"
    DEPENDS $<TARGET_OBJECTS:${preprocessed}> "${list_file}" "${_WEIR_CODE_VERSION_SCRIPT}"
    COMMENT "Code version of ${name}" VERBATIM)
  target_sources(${name} PRIVATE "${output}")
  set_source_files_properties("${output}" PROPERTIES GENERATED ON SKIP_PRECOMPILE_HEADERS ON
    SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()

# Called when all is configured: until then a project may add to `name` from anywhere.
function(_weir_mirror_target name preprocessed)
  # Everything of a target that decides what its sources say after preprocessing.
  set(mirrored
    COMPILE_DEFINITIONS COMPILE_FEATURES COMPILE_FLAGS COMPILE_OPTIONS INCLUDE_DIRECTORIES
    LINK_LIBRARIES NO_SYSTEM_FROM_IMPORTED POSITION_INDEPENDENT_CODE
    C_STANDARD C_STANDARD_REQUIRED C_EXTENSIONS C_COMPILER_LAUNCHER
    CXX_STANDARD CXX_STANDARD_REQUIRED CXX_EXTENSIONS CXX_COMPILER_LAUNCHER)
  # What would look at objects, or at the sources once more.
  set(plain
    UNITY_BUILD EXPORT_COMPILE_COMMANDS INTERPROCEDURAL_OPTIMIZATION
    C_CLANG_TIDY C_CPPCHECK C_CPPLINT C_INCLUDE_WHAT_YOU_USE
    CXX_CLANG_TIDY CXX_CPPCHECK CXX_CPPLINT CXX_INCLUDE_WHAT_YOU_USE)
  foreach(property IN LISTS mirrored)
    get_property(value TARGET ${name} PROPERTY ${property})
    if(NOT "${value}" STREQUAL "")
      set_property(TARGET ${preprocessed} PROPERTY ${property} "${value}")
    endif()
  endforeach()
  get_property(needed TARGET ${name} PROPERTY MANUALLY_ADDED_DEPENDENCIES)
  list(REMOVE_ITEM needed "${preprocessed}")
  if(needed)
    add_dependencies(${preprocessed} ${needed})
  endif()
  foreach(property IN LISTS plain)
    set_property(TARGET ${preprocessed} PROPERTY ${property})
  endforeach()
  set_property(TARGET ${preprocessed} PROPERTY DISABLE_PRECOMPILE_HEADERS ON)
  # Times and places are taken out: they change with every build and every checkout. Line markers,
  # comments and blank lines are taken out by -P.
  target_compile_options(${preprocessed} PRIVATE
    -w -E -P -Wno-builtin-macro-redefined
    "-D__DATE__=\"\"" "-D__TIME__=\"\"" "-D__TIMESTAMP__=\"\""
    "-fmacro-prefix-map=${CMAKE_SOURCE_DIR}=." "-fmacro-prefix-map=${CMAKE_BINARY_DIR}=.")
endfunction()
