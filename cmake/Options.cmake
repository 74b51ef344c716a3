# Flags that every target of the project shares.
add_library(intertie_options INTERFACE)
target_compile_options(intertie_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual
  -Wimplicit-fallthrough -ffp-contract=off -fno-omit-frame-pointer)
if(CMAKE_UNITY_BUILD)
  # A class of a .cc with a member of an unnamed namespace: g++ takes the .cc for a header.
  target_compile_options(intertie_options INTERFACE -Wno-subobject-linkage)
endif()
if(INTERTIE_WERROR)
  target_compile_options(intertie_options INTERFACE -Werror)
endif()
if(CMAKE_BUILD_TYPE MATCHES "Rel")
  target_compile_options(intertie_options INTERFACE
    -fstack-protector-strong -fcf-protection -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
else()
  target_compile_definitions(intertie_options INTERFACE _GLIBCXX_ASSERTIONS)
endif()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
add_link_options(-Wl,-z,relro,-z,now)
if(INTERTIE_SANITIZE)
  add_compile_options(-fsanitize=${INTERTIE_SANITIZE} -fno-sanitize-recover=all)
  if(INTERTIE_SANITIZE MATCHES undefined AND NOT INTERTIE_FUZZ)
    # Checks of every pointer, which take over a third of the build's time. The address sanitizer
    # sees a null pointer or a foreign object used; the preset fuzz has all of them.
    add_compile_options(-fno-sanitize=null,alignment,object-size,vptr)
  endif()
  add_link_options(-fsanitize=${INTERTIE_SANITIZE})
endif()
if(INTERTIE_FUZZ)
  # Edges are counted everywhere; the main function is linked into the targets alone.
  add_compile_options(-fsanitize=fuzzer-no-link)
  add_link_options(-fsanitize=fuzzer-no-link)
endif()
if(INTERTIE_FAULTS)
  target_compile_definitions(intertie_options INTERFACE INTERTIE_FAULTS)
endif()
# Two Beast translation units at once need 4 GB under a sanitizer.
set_property(GLOBAL PROPERTY JOB_POOLS heavy=1)
