// A queue of those that wait for the same thing, first come first served. Who waits has its turn
// with it, which leaves the queue when it goes; so nobody is called who isn't there any more.
// Joining and leaving cost the same however long it is.
#pragma once

#include <list>

namespace sluice {

template <typename T>
class Queue {
 public:
  class Turn {
   public:
    Turn() = default;
    ~Turn() { leave(); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    // In a queue already: leaves that one, unless it is the same.
    void join(Queue& queue, T& who) {
      if (queue_ == &queue) return;
      leave();
      queue_ = &queue;
      at_ = queue.waiting_.insert(queue.waiting_.end(), &who);
    }
    void leave() {
      if (queue_ != nullptr) queue_->waiting_.erase(at_);
      queue_ = nullptr;
    }

   private:
    Queue* queue_ = nullptr;
    typename std::list<T*>::iterator at_;
  };

  bool empty() const { return waiting_.empty(); }
  T& front() const { return *waiting_.front(); }

 private:
  std::list<T*> waiting_;
};

}  // namespace sluice
