# Helpers that keep every folder's CMakeLists.txt a list of files.

add_library(nvrm_flags INTERFACE)
target_compile_features(nvrm_flags INTERFACE c_std_17)
target_compile_definitions(nvrm_flags INTERFACE _GNU_SOURCE)
target_compile_options(nvrm_flags INTERFACE
    -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wpointer-arith
    -Wwrite-strings -Wno-missing-field-initializers -fno-common -fvisibility=hidden)
if(NVRM_SANITIZE)
    target_compile_options(nvrm_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all
        -fno-omit-frame-pointer)
    target_link_options(nvrm_flags INTERFACE -fsanitize=address,undefined)
endif()
if(NVRM_FUZZ) # libFuzzer sees the libraries too, not the target alone
    target_compile_options(nvrm_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# nvrm_library(NAME SOURCES... [LIBS ...]): a static library whose include/ folder is public.
function(nvrm_library name)
    cmake_parse_arguments(A "" "" "LIBS" ${ARGN})
    add_library(${name} STATIC ${A_UNPARSED_ARGUMENTS})
    set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    target_include_directories(${name} PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/include PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/src)
    target_link_libraries(${name} PUBLIC ${A_LIBS} PRIVATE nvrm_flags)
endfunction()

# nvrm_test(NAME SOURCES... [LIBS ...] [ENV K=V...]): a cmocka program that ctest runs. Exit code 77 is a skip.
function(nvrm_test name)
    cmake_parse_arguments(A "" "TIMEOUT" "LIBS;ENV" ${ARGN})
    if(NOT A_TIMEOUT)
        set(A_TIMEOUT 120)
    endif()
    add_executable(test_${name} ${A_UNPARSED_ARGUMENTS})
    target_include_directories(test_${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
    target_compile_definitions(test_${name} PRIVATE NVRM_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    target_link_libraries(test_${name} PRIVATE ${A_LIBS} nvrm_flags PkgConfig::CMOCKA)
    add_test(NAME ${name} COMMAND test_${name})
    set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT ${A_TIMEOUT} ENVIRONMENT "${A_ENV}")
endfunction()

# nvrm_fuzz(NAME SOURCES... [LIBS ...]): ctest runs it over tests/fuzz/corpus/NAME; with -DNVRM_FUZZ=ON (clang) it is a libFuzzer program.
function(nvrm_fuzz name)
    cmake_parse_arguments(A "" "" "LIBS" ${ARGN})
    add_executable(fuzz_${name} ${A_UNPARSED_ARGUMENTS})
    target_link_libraries(fuzz_${name} PRIVATE ${A_LIBS} nvrm_flags)
    target_include_directories(fuzz_${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
    if(NVRM_FUZZ)
        target_compile_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
        target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    else()
        target_sources(fuzz_${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests/fuzz/main.c)
    endif()
    add_test(NAME fuzz_${name} COMMAND fuzz_${name} ${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${name})
    set_tests_properties(fuzz_${name} PROPERTIES TIMEOUT 120)
endfunction()

# nvrm_bench(NAME SOURCES... [LIBS ...]): ctest runs it with --quick so that it cannot rot.
function(nvrm_bench name)
    cmake_parse_arguments(A "" "" "LIBS" ${ARGN})
    add_executable(bench_${name} ${A_UNPARSED_ARGUMENTS})
    target_include_directories(bench_${name} PRIVATE ${PROJECT_SOURCE_DIR}/bench)
    target_link_libraries(bench_${name} PRIVATE ${A_LIBS} nvrm_flags)
    add_test(NAME bench_${name} COMMAND bench_${name} --quick)
    set_tests_properties(bench_${name} PROPERTIES TIMEOUT 300)
endfunction()

# nvrm_embed(TARGET FILE): the bytes of a file as `static const unsigned char file_ext[]` in the header file_ext.h.
function(nvrm_embed target file)
    string(MAKE_C_IDENTIFIER ${file} name)
    file(READ ${file} hex HEX)
    string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
    string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "\\1\n" bytes "${bytes}")
    file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/embedded/${name}.h CONTENT "static const unsigned char ${name}[] = {\n${bytes}\n};\n")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${file})
    target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/embedded)
endfunction()
