# intertie_module(<name>
#   DEPENDS <module>...            modules seen by this module's public headers
#   PRIVATE_DEPENDS <module>...    modules only its .cc files see
#   LIBRARIES <target>...          third-party libraries, private
#   PUBLIC_LIBRARIES <target>...   third-party libraries its public headers include
#   TEST_DEPENDS <module>...       further modules only its tests see (must be below it)
#   TEST_LIBRARIES <target>...)
#
# Declares one module: a static library, its tests, and the proof that it links alone.
# A dependency must already exist as a target, so the order of add_subdirectory in
# src/CMakeLists.txt is the layering and a cycle cannot be written. The tests link the whole
# archive and nothing undeclared, so a symbol smuggled from another module fails to link.
function(intertie_module name)
  cmake_parse_arguments(arg "" ""
    "DEPENDS;PRIVATE_DEPENDS;LIBRARIES;PUBLIC_LIBRARIES;TEST_DEPENDS;TEST_LIBRARIES" ${ARGN})
  foreach(dependency IN LISTS arg_DEPENDS arg_PRIVATE_DEPENDS arg_TEST_DEPENDS)
    if(NOT TARGET intertie_${dependency})
      message(FATAL_ERROR "${name} may not depend on ${dependency}: it is not below it.")
    endif()
  endforeach()
  list(TRANSFORM arg_DEPENDS PREPEND intertie_)
  list(TRANSFORM arg_PRIVATE_DEPENDS PREPEND intertie_)
  list(TRANSFORM arg_TEST_DEPENDS PREPEND intertie_)
  file(GLOB sources CONFIGURE_DEPENDS *.cc */*.cc)
  file(GLOB tests CONFIGURE_DEPENDS *_test.cc */*_test.cc)
  list(REMOVE_ITEM sources ${tests})
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS include/*.h)
  if(sources)
    add_library(intertie_${name} STATIC ${sources})
    set(scope PUBLIC)
    target_link_libraries(intertie_${name}
      PUBLIC ${arg_DEPENDS} ${arg_PUBLIC_LIBRARIES}
      PRIVATE ${arg_PRIVATE_DEPENDS} ${arg_LIBRARIES} intertie_options)
    target_include_directories(intertie_${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  else()
    add_library(intertie_${name} INTERFACE)
    set(scope INTERFACE)
    target_link_libraries(intertie_${name}
      INTERFACE ${arg_DEPENDS} ${arg_PRIVATE_DEPENDS} ${arg_PUBLIC_LIBRARIES} ${arg_LIBRARIES})
  endif()
  if(headers)
    target_sources(intertie_${name} ${scope}
      FILE_SET HEADERS BASE_DIRS ${CMAKE_CURRENT_SOURCE_DIR}/include FILES ${headers})
  endif()
  if(INTERTIE_TESTS AND tests)
    add_executable(${name}_test ${tests})
    target_include_directories(${name}_test PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
    if(sources)
      target_link_libraries(${name}_test PRIVATE
        "$<LINK_LIBRARY:WHOLE_ARCHIVE,intertie_${name}>" ${arg_TEST_DEPENDS} ${arg_TEST_LIBRARIES}
        ${arg_LIBRARIES} intertie_options GTest::gtest_main)
    else()
      target_link_libraries(${name}_test PRIVATE intertie_${name} ${arg_TEST_DEPENDS}
        ${arg_TEST_LIBRARIES} intertie_options GTest::gtest_main)
    endif()
    add_test(NAME ${name} COMMAND ${name}_test)
    set_tests_properties(${name} PROPERTIES LABELS fast TIMEOUT 300)
  endif()
endfunction()
