# Installs the SDK, so that find_package(weir) works from the prefix: weir::sdk always, weir::client
# when it was built. Components: weir_sdk (what modules need) and weir_client; the program is
# installed by its own folder.
include(CMakePackageConfigHelpers)

set(WEIR_CMAKE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/weir")
set_target_properties(weir_base PROPERTIES EXPORT_NAME base)
set_target_properties(weir_calendar PROPERTIES EXPORT_NAME calendar)
set_target_properties(weir_value PROPERTIES EXPORT_NAME value)
set_target_properties(weir_module PROPERTIES EXPORT_NAME module)
set_target_properties(weir_engine PROPERTIES EXPORT_NAME engine)
set_target_properties(weir_sdk PROPERTIES EXPORT_NAME sdk)

set(weir_sdk_libraries
  weir_base weir_calendar weir_value weir_module weir_engine weir_sdk)
install(TARGETS ${weir_sdk_libraries} EXPORT weirTargets
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}/weir" COMPONENT weir_sdk)
install(EXPORT weirTargets NAMESPACE weir:: DESTINATION "${WEIR_CMAKE_DIR}" COMPONENT weir_sdk)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/sdk/include/weir" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  COMPONENT weir_sdk FILES_MATCHING PATTERN "*.h")

if(TARGET weir_client)
  set_target_properties(weir_client PROPERTIES EXPORT_NAME client)
  set_target_properties(weir_proto PROPERTIES EXPORT_NAME proto)
  install(TARGETS weir_client weir_proto EXPORT weirClientTargets
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}/weir" COMPONENT weir_client)
  install(EXPORT weirClientTargets NAMESPACE weir:: DESTINATION "${WEIR_CMAKE_DIR}"
    COMPONENT weir_client)
endif()
# What must be built before `cmake --install … --component weir_sdk`.
add_custom_target(weir_sdk_install DEPENDS ${weir_sdk_libraries})

# In a folder of its own: CMake looks for packages beside each bin/ on the PATH, and the one of a
# build tree has no targets to offer.
set(WEIR_PACKAGE_DIR "${PROJECT_BINARY_DIR}/cmake_package")
configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/weirConfig.cmake.in"
  "${WEIR_PACKAGE_DIR}/weirConfig.cmake" INSTALL_DESTINATION "${WEIR_CMAKE_DIR}")
write_basic_package_version_file("${WEIR_PACKAGE_DIR}/weirConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES
  "${WEIR_PACKAGE_DIR}/weirConfig.cmake" "${WEIR_PACKAGE_DIR}/weirConfigVersion.cmake"
  "${CMAKE_CURRENT_LIST_DIR}/weir_module.cmake" "${CMAKE_CURRENT_LIST_DIR}/weir_code_version.cmake"
  DESTINATION "${WEIR_CMAKE_DIR}" COMPONENT weir_sdk)
