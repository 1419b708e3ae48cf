/**
 * The kernels for JavaScript (docs/decisions/0122-native-kernels.md). Exports:
 *
 *   interfaceVersion    which kernels there are, with which parameters: what is loaded has to be what is asked for
 *   levels()            names of the levels that this processor can run, best first
 *   instantiate(level, view)
 *                       the kernels on the memory that `view()` shows whole, as a Uint8Array; they throw a RangeError where
 *                       an address lies outside
 *
 * Each thread loads the addon for itself; there is no state beside that of the instances.
 */
#include <cstring>
#include <tuple>
#include <type_traits>
#include <utility>
#ifdef __linux__
#include <sys/mman.h>
#endif
#include "kernels.h"
#include "node-api.h"

namespace {

constexpr int32_t INTERFACE_VERSION = 1;

struct Level {
  const char* name;
  const Kernels* kernels;
  bool (*runs)();
};

/** Best first. */
const Level LEVELS[] = {
#ifdef __x86_64__
    {"avx512", &avx512Kernels,
     [] { return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma"); }},
    {"avx2", &avx2Kernels, [] { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }},
#endif
    {"baseline", &baselineKernels, [] { return true; }},
};

/** Kernels on one memory. Its functions share it; the last one to be collected takes it along. */
struct Instance {
  const Kernels* kernels;
  Memory memory;
  /** Weak: each function holds the view by a property, so that JavaScript sees what keeps the memory. */
  napi_ref view;
  int functions;
};

/** Where the memory lies and how long it is now: shared memories grow, but stay where they are. */
bool look(napi_env env, napi_value view, Memory& memory) {
  napi_value undefined;
  napi_value bytes;
  void* base = nullptr;
  size_t length = 0;
  if (napi_get_undefined(env, &undefined) != napi_ok) return false;
  if (napi_call_function(env, undefined, view, 0, nullptr, &bytes) != napi_ok) return false;
  if (napi_get_typedarray_info(env, bytes, nullptr, &length, &base, nullptr, nullptr) != napi_ok) return false;
  if (base == nullptr || (memory.base != nullptr && memory.base != base)) return false;
  memory = {static_cast<char*>(base), length};
  return true;
}

bool grew(napi_env env, Instance& instance) {
  const uint64_t before = instance.memory.size;
  napi_value view;
  return napi_get_reference_value(env, instance.view, &view) == napi_ok && look(env, view, instance.memory) &&
         instance.memory.size > before;
}

/** Some compilers fill in what __builtin_cpu_supports reads only when told to. */
void learnProcessor() {
#ifdef __x86_64__
  __builtin_cpu_init();
#endif
}

/** As WebAssembly converts: addresses of 2 GiB and more may come as negative numbers. */
bool read(napi_env env, napi_value value, Address& out) { return napi_get_value_uint32(env, value, &out.bytes) == napi_ok; }
bool read(napi_env env, napi_value value, uint32_t& out) { return napi_get_value_uint32(env, value, &out) == napi_ok; }
bool read(napi_env env, napi_value value, int32_t& out) { return napi_get_value_int32(env, value, &out) == napi_ok; }
bool read(napi_env env, napi_value value, float& out) {
  double number;
  if (napi_get_value_double(env, value, &number) != napi_ok) return false;
  out = static_cast<float>(number);
  return true;
}

template <auto kernel>
struct Call;

/** A kernel as JavaScript calls it, by the types of its parameters; one that is referred to is the result. */
template <typename... Parameters, bool (*Kernels::*kernel)(const Memory&, Parameters...)>
struct Call<kernel> {
  static napi_value run(napi_env env, napi_callback_info info) {
    constexpr size_t given = sizeof...(Parameters) - HAS_RESULT;
    size_t count = given;
    napi_value values[given + 1] = {};
    void* data = nullptr;
    const bool isRead = napi_get_cb_info(env, info, &count, values, nullptr, &data) == napi_ok;
    if (!isRead || count < given) {
      napi_throw_error(env, nullptr, "a kernel is called with too few parameters");
      return nullptr;
    }
    return with(env, *static_cast<Instance*>(data), values, std::index_sequence_for<Parameters...>());
  }

 private:
  static constexpr size_t HAS_RESULT = (0 + ... + size_t(std::is_reference_v<Parameters>));

  template <size_t... places>
  static napi_value with(napi_env env, Instance& instance, napi_value* values, std::index_sequence<places...>) {
    std::tuple<std::remove_reference_t<Parameters>...> parameters;
    const bool areNumbers =
        ((std::is_reference_v<Parameters> || read(env, values[places], std::get<places>(parameters))) && ...);
    if (!areNumbers) {
      napi_throw_error(env, nullptr, "a kernel's parameters are numbers");
      return nullptr;
    }
    const auto work = [&] { return (instance.kernels->*kernel)(instance.memory, std::get<places>(parameters)...); };
    if (!work() && !(grew(env, instance) && work())) {
      napi_throw_range_error(env, nullptr, "a kernel's address lies outside the memory, or a size is none");
      return nullptr;
    }
    napi_value result = nullptr;
    if constexpr (HAS_RESULT == 1) napi_create_int32(env, std::get<sizeof...(Parameters) - 1>(parameters), &result);
    return result;
  }
};

const struct {
  const char* name;
  napi_callback call;
} FUNCTIONS[] = {
    {"multiply", Call<&Kernels::multiply>::run},
    {"multiplyTransposed", Call<&Kernels::multiplyTransposed>::run},
    {"gatherRows", Call<&Kernels::gatherRows>::run},
    {"meanOfRows", Call<&Kernels::meanOfRows>::run},
    {"meanOfColumns", Call<&Kernels::meanOfColumns>::run},
    {"heads", Call<&Kernels::heads>::run},
    {"headGradients", Call<&Kernels::headGradients>::run},
    {"sampledSoftmax", Call<&Kernels::sampledSoftmax>::run},
    {"selectEntries", Call<&Kernels::selectEntries>::run},
    {"adagrad", Call<&Kernels::adagrad>::run},
    {"adam", Call<&Kernels::adam>::run},
};

void release(napi_env env, void* data, void*) {
  Instance* const instance = static_cast<Instance*>(data);
  if (--instance->functions > 0) return;
  napi_delete_reference(env, instance->view);
  delete instance;
}

/** Rows lie all over a large memory: with pages of 2 MiB finding one costs the processor less. */
void askForLargePages([[maybe_unused]] const Memory& memory) {
#ifdef MADV_HUGEPAGE
  madvise(memory.base, memory.size, MADV_HUGEPAGE);  // advice: where it is not taken, all works as it did
#endif
}

const Level* levelNamed(napi_env env, napi_value value) {
  char name[16];
  if (napi_get_value_string_utf8(env, value, name, sizeof name, nullptr) != napi_ok) return nullptr;
  for (const Level& level : LEVELS) {
    if (std::strcmp(level.name, name) == 0 && level.runs()) return &level;
  }
  return nullptr;
}

bool addFunctions(napi_env env, napi_value result, napi_value view, Instance* instance) {
  for (const auto& [name, call] : FUNCTIONS) {
    napi_value function;
    if (napi_create_function(env, name, std::strlen(name), call, instance, &function) != napi_ok ||
        napi_set_named_property(env, function, "view", view) != napi_ok ||
        napi_set_named_property(env, result, name, function) != napi_ok ||
        napi_add_finalizer(env, function, instance, release, nullptr, nullptr) != napi_ok)
      return false;
    instance->functions++;
  }
  return true;
}

napi_value instantiate(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value values[2];
  napi_value result;
  if (napi_get_cb_info(env, info, &count, values, nullptr, nullptr) != napi_ok || count < 2) {
    napi_throw_error(env, nullptr, "instantiate(level, view)");
    return nullptr;
  }
  const Level* const level = levelNamed(env, values[0]);
  if (level == nullptr) {
    napi_throw_error(env, nullptr, "not a level of this processor");
    return nullptr;
  }
  // Freed by the last function's finalizer; where making one fails, which is for want of memory, it stays.
  Instance* const instance = new Instance{level->kernels, {nullptr, 0}, nullptr, 0};
  if (!look(env, values[1], instance->memory) || napi_create_reference(env, values[1], 0, &instance->view) != napi_ok ||
      napi_create_object(env, &result) != napi_ok || !addFunctions(env, result, values[1], instance)) {
    bool isPending = false;
    napi_is_exception_pending(env, &isPending);
    if (!isPending) napi_throw_error(env, nullptr, "view() has to show a memory as a Uint8Array");
    return nullptr;
  }
  askForLargePages(instance->memory);
  return result;
}

napi_value levels(napi_env env, napi_callback_info) {
  napi_value list;
  if (napi_create_array(env, &list) != napi_ok) return nullptr;
  uint32_t count = 0;
  for (const Level& level : LEVELS) {
    napi_value name;
    if (!level.runs()) continue;
    if (napi_create_string_utf8(env, level.name, std::strlen(level.name), &name) != napi_ok) return nullptr;
    if (napi_set_element(env, list, count++, name) != napi_ok) return nullptr;
  }
  return list;
}

bool addTo(napi_env env, napi_value exports, const char* name, napi_callback call) {
  napi_value function;
  return napi_create_function(env, name, std::strlen(name), call, nullptr, &function) == napi_ok &&
         napi_set_named_property(env, exports, name, function) == napi_ok;
}

}  // namespace

extern "C" {

__attribute__((visibility("default"))) int32_t node_api_module_get_api_version_v1() { return 8; }

__attribute__((visibility("default"))) napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  napi_value version;
  const bool isDone = napi_create_int32(env, INTERFACE_VERSION, &version) == napi_ok &&
                      napi_set_named_property(env, exports, "interfaceVersion", version) == napi_ok &&
                      addTo(env, exports, "levels", levels) && addTo(env, exports, "instantiate", instantiate);
  learnProcessor();
  if (!isDone) napi_throw_error(env, nullptr, "the kernels' addon could not be set up");
  return exports;
}
}
