# nvrm_generate(TARGET SCHEMAS OUT SYMBOL): a static library TARGET with the tables of the schema folder SCHEMAS and the code
# that reads them. OUT gets tables.c, the asserts and include/; SYMBOL is the function that returns the tables.
function(nvrm_generate target schemas out symbol)
    file(GLOB_RECURSE inputs CONFIGURE_DEPENDS ${schemas}/rm/*.yaml ${schemas}/overlay/*.yaml)
    list(APPEND inputs ${schemas}/versions.yaml)
    if(EXISTS ${schemas}/core.yaml)
        list(APPEND inputs ${schemas}/core.yaml)
    endif()
    set(headers ${out}/include/nvrm/flags.h ${out}/include/nvrm/ids.h ${out}/include/nvrm/types.h ${out}/include/rm/calls.h)
    set(sources ${out}/tables.c ${out}/canon_asserts.c ${out}/wire_asserts.c)
    add_custom_command(
        OUTPUT ${out}/generated.stamp
        BYPRODUCTS ${headers} ${sources}
        COMMAND nvrm-gen ${schemas} --out ${out} --symbol ${symbol}
        COMMAND ${CMAKE_COMMAND} -E touch ${out}/generated.stamp
        DEPENDS nvrm-gen ${inputs}
        COMMENT "Generating tables of ${schemas}"
        VERBATIM)
    add_custom_target(${target}_files DEPENDS ${out}/generated.stamp)
    add_library(${target} STATIC ${out}/tables.c ${out}/canon_asserts.c)
    set_source_files_properties(${sources} PROPERTIES GENERATED TRUE)
    add_dependencies(${target} ${target}_files)
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    target_include_directories(${target} PUBLIC ${out}/include PRIVATE ${PROJECT_SOURCE_DIR}/gen/src)
    target_link_libraries(${target} PUBLIC nvrm_lookup PRIVATE nvrm_flags)
endfunction()
