#include "simulator/fiber.h"

#include <sys/mman.h>

#include <cstdint>
#include <vector>

#include "base/result.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

namespace sluice::simulator {
namespace {

constexpr size_t stack_bytes = 4 << 20;  // Touched as far as it is used

// Mapping a stack costs more than a small run does, so they are kept.
std::vector<void*>& free_stacks() {
  static std::vector<void*> stacks;
  return stacks;
}

void* take_stack() {
  auto& stacks = free_stacks();
  if (!stacks.empty()) {
    void* stack = stacks.back();
    stacks.pop_back();
    return stack;
  }
  void* stack = ::mmap(nullptr, stack_bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ENSURE(stack != MAP_FAILED);
  return stack;
}

// `fake`: where the stack that is left keeps what it needs; null where it is left for good.
void before_switch([[maybe_unused]] void** fake, [[maybe_unused]] const void* stack,
                   [[maybe_unused]] size_t bytes) {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(fake, stack, bytes);
#endif
}

void after_switch([[maybe_unused]] void* fake, [[maybe_unused]] const void** from,
                  [[maybe_unused]] size_t* bytes) {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(fake, from, bytes);
#endif
}

}  // namespace

Fiber::Fiber(std::function<void()> body) : body_(std::move(body)), stack_(take_stack()) {
  ENSURE(::getcontext(&own_) == 0);
  own_.uc_stack.ss_sp = stack_;
  own_.uc_stack.ss_size = stack_bytes;
  own_.uc_link = nullptr;
  const auto self = reinterpret_cast<uintptr_t>(this);
  ::makecontext(&own_, reinterpret_cast<void (*)()>(&Fiber::enter), 2,
                static_cast<unsigned>(self >> 32), static_cast<unsigned>(self));
}

Fiber::~Fiber() {
  if (ended_) free_stacks().push_back(stack_);
}

void Fiber::enter(unsigned high, unsigned low) {
  reinterpret_cast<Fiber*>((static_cast<uintptr_t>(high) << 32) | low)->run();
}

void Fiber::run() {
  after_switch(nullptr, &caller_stack_, &caller_stack_bytes_);
  body_();
  ended_ = true;
  before_switch(nullptr, caller_stack_, caller_stack_bytes_);
  ::setcontext(&caller_);
}

void Fiber::resume() {
  before_switch(&caller_fake_, stack_, stack_bytes);
  ENSURE(::swapcontext(&caller_, &own_) == 0);
  after_switch(caller_fake_, nullptr, nullptr);
}

void Fiber::yield() {
  before_switch(&own_fake_, caller_stack_, caller_stack_bytes_);
  ENSURE(::swapcontext(&own_, &caller_) == 0);
  after_switch(own_fake_, &caller_stack_, &caller_stack_bytes_);
}

}  // namespace sluice::simulator
