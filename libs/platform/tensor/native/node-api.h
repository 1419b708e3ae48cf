/**
 * What is used of Node-API, whose binary interface is the same in every Node (https://nodejs.org/api/n-api.html); declared
 * here so that compiling needs nothing that has to be fetched.
 */
#pragma once
#include <cstddef>
#include <cstdint>

extern "C" {
using napi_env = struct napi_env__*;
using napi_value = struct napi_value__*;
using napi_ref = struct napi_ref__*;
using napi_callback_info = struct napi_callback_info__*;
using napi_callback = napi_value (*)(napi_env, napi_callback_info);
using napi_finalize = void (*)(napi_env, void* data, void* hint);
enum napi_status : int { napi_ok };
enum napi_typedarray_type : int { napi_uint8_array = 1 };

napi_status napi_create_object(napi_env, napi_value* result);
napi_status napi_create_array(napi_env, napi_value* result);
napi_status napi_create_string_utf8(napi_env, const char*, size_t length, napi_value* result);
napi_status napi_create_int32(napi_env, int32_t, napi_value* result);
napi_status napi_create_function(napi_env, const char* name, size_t length, napi_callback, void* data, napi_value* result);
napi_status napi_set_named_property(napi_env, napi_value object, const char* name, napi_value);
napi_status napi_set_element(napi_env, napi_value object, uint32_t index, napi_value);
napi_status napi_get_cb_info(napi_env, napi_callback_info, size_t* count, napi_value* arguments, napi_value* self, void** data);
napi_status napi_get_value_uint32(napi_env, napi_value, uint32_t* result);
napi_status napi_get_value_int32(napi_env, napi_value, int32_t* result);
napi_status napi_get_value_double(napi_env, napi_value, double* result);
napi_status napi_get_value_string_utf8(napi_env, napi_value, char* buffer, size_t size, size_t* length);
napi_status napi_get_typedarray_info(
    napi_env, napi_value, napi_typedarray_type*, size_t* length, void** data, napi_value* buffer, size_t* offset);
napi_status napi_get_undefined(napi_env, napi_value* result);
napi_status napi_call_function(
    napi_env, napi_value self, napi_value function, size_t count, const napi_value* arguments, napi_value* result);
napi_status napi_create_reference(napi_env, napi_value, uint32_t initial_count, napi_ref* result);
napi_status napi_delete_reference(napi_env, napi_ref);
napi_status napi_get_reference_value(napi_env, napi_ref, napi_value* result);
napi_status napi_add_finalizer(napi_env, napi_value object, void* data, napi_finalize, void* hint, napi_ref* result);
napi_status napi_throw_error(napi_env, const char* code, const char* message);
napi_status napi_throw_range_error(napi_env, const char* code, const char* message);
napi_status napi_is_exception_pending(napi_env, bool* result);
}
