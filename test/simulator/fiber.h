// A stack of its own for each simulated process, on the one thread there is: whoever waits hands
// the thread back and goes on where it was.
#pragma once

#include <ucontext.h>

#include <cstddef>
#include <functional>

namespace sluice::simulator {

class Fiber {
 public:
  // Nothing runs before the first resume. `body` must not throw.
  explicit Fiber(std::function<void()> body);
  ~Fiber();  // Once it has ended; else what is on its stack is lost
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  void resume();  // From the thread's own stack: until the fiber yields or ends
  void yield();   // From within
  bool ended() const { return ended_; }

 private:
  static void enter(unsigned high, unsigned low);
  void run();

  std::function<void()> body_;
  void* stack_;
  ucontext_t own_ = {}, caller_ = {};
  bool ended_ = false;
  // Where AddressSanitizer is told that stacks change.
  void* own_fake_ = nullptr;
  void* caller_fake_ = nullptr;
  const void* caller_stack_ = nullptr;
  size_t caller_stack_bytes_ = 0;
};

}  // namespace sluice::simulator
