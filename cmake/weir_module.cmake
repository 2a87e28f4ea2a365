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

# One command per source hashes what the compiler would see; a last one writes the constant that the
# SDK looks for.
function(_weir_code_version name)
  set(folder "${CMAKE_CURRENT_BINARY_DIR}/${name}_code_version")
  set(flags "${folder}/flags-$<COMPILE_LANGUAGE>.rsp")
  _weir_write_flags(${name} "${flags}")
  set(headers ${ARGN})
  list(FILTER headers INCLUDE REGEX "\\.(h|hh|hpp|hxx|inc)$")  # generated ones must exist before
  set(hashes)
  foreach(source IN LISTS ARGN)
    if(NOT source MATCHES "\\.(cc|cpp|cxx|c\\+\\+|C)$")
      continue()
    endif()
    get_filename_component(path "${source}" ABSOLUTE BASE_DIR "${CMAKE_CURRENT_SOURCE_DIR}")
    string(SHA256 id "${source}")
    string(SUBSTRING "${id}" 0 12 id)
    set(hash "${folder}/${id}.hash")
    add_custom_command(
      OUTPUT "${hash}"
      COMMAND "${CMAKE_COMMAND}" "-DCOMPILER=${CMAKE_CXX_COMPILER}"
              "-DFLAGS=${folder}/flags-CXX.rsp" "-DSOURCE=${path}" "-DOUTPUT=${hash}"
              "-DSOURCE_ROOT=${CMAKE_SOURCE_DIR}" "-DBINARY_ROOT=${CMAKE_BINARY_DIR}"
              -P "${_WEIR_CODE_VERSION_SCRIPT}"
      DEPENDS "${path}" ${headers} "${_WEIR_CODE_VERSION_SCRIPT}" "${folder}/flags-CXX.rsp"
      DEPFILE "${hash}.d"
      COMMENT "Hashing ${source}" VERBATIM)
    list(APPEND hashes "${hash}")
  endforeach()
  string(REPLACE ";" "|" hash_list "${hashes}")
  add_custom_command(
    OUTPUT "${folder}/code_version.cc"
    COMMAND "${CMAKE_COMMAND}" "-DHASHES=${hash_list}" "-DOUTPUT=${folder}/code_version.cc"
            -P "${_WEIR_CODE_VERSION_SCRIPT}"
    DEPENDS ${hashes} "${_WEIR_CODE_VERSION_SCRIPT}"
    COMMENT "Code version of ${name}" VERBATIM)
  target_sources(${name} PRIVATE "${folder}/code_version.cc")
  set_source_files_properties("${folder}/code_version.cc" PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
endfunction()

# The flags that decide what a source says after preprocessing, one a line, as a response file.
function(_weir_write_flags name file)
  string(TOUPPER "${CMAKE_BUILD_TYPE}" config)
  separate_arguments(base UNIX_COMMAND "${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${config}}")
  set(standard "${CMAKE_CXX_STANDARD}")
  if(NOT standard)
    set(standard 20)
  endif()
  list(APPEND base "${CMAKE_CXX${standard}_EXTENSION_COMPILE_OPTION}")
  list(JOIN base "\n" base)
  set(options "$<TARGET_PROPERTY:${name},COMPILE_OPTIONS>")
  set(definitions "$<TARGET_PROPERTY:${name},COMPILE_DEFINITIONS>")
  set(includes "$<TARGET_PROPERTY:${name},INCLUDE_DIRECTORIES>")
  # TARGET stands last: CMake 3.25 dies of it elsewhere.
  file(GENERATE OUTPUT "${file}" CONTENT "${base}
$<JOIN:${options},
>
$<$<BOOL:${definitions}>:'-D$<JOIN:${definitions},'
'-D>'>
$<$<BOOL:${includes}>:'-I$<JOIN:${includes},'
'-I>'>
" TARGET ${name})
endfunction()
