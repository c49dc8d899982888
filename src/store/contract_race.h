// Part of the contract suite (contract.h): the store under test, and many who do the same to it at
// the same moment, as threads or as processes of their own.
#pragma once

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <barrier>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "store/store.h"

namespace sluice::contract {

// A store with nothing below the prefix. Destroying it cleans up.
class Subject {
 public:
  virtual ~Subject() = default;
  virtual Store& store() = 0;
  // Another door to the same objects, for a process of its own. Only if it can_fork().
  virtual std::unique_ptr<Store> another() { return nullptr; }
  virtual bool can_fork() const { return false; }
  virtual std::string prefix() const { return ""; }
  // Whether a thousand requests more are all right.
  virtual bool is_quick() const { return true; }
};
using MakeSubject = std::function<std::unique_ptr<Subject>()>;

enum class Racers { threads, processes };

// What one racer does with its door; `word` is what only became known after the start (an id, an
// ETag). Returns one letter: how it ended.
using Deed = std::function<char(Store& store, int number, const std::string& word)>;

// Racers that are at the start. Processes are forked here, before their parent has any threads.
class Race {
 public:
  Race(Subject& subject, Racers kind, int count, Deed deed)
      : subject_(subject), kind_(kind), count_(count), deed_(std::move(deed)) {
    if (kind_ == Racers::processes) {
      for (int number = 0; number < count_; ++number) children_.push_back(fork_child(number));
    }
  }
  Race(const Race&) = delete;
  Race& operator=(const Race&) = delete;
  ~Race() {
    for (const Child& child : children_) {
      close(child.to);
      close(child.from);
      waitpid(child.pid, nullptr, 0);
    }
  }

  // The letters, one for each racer.
  std::string go(const std::string& word) {
    return kind_ == Racers::processes ? go_processes(word) : go_threads(word);
  }

 private:
  struct Child {
    pid_t pid = 0;
    int to = -1;
    int from = -1;
  };

  Child fork_child(int number) {
    int down[2], up[2];
    REQUIRE(pipe(down) == 0);
    REQUIRE(pipe(up) == 0);
    const pid_t pid = fork();
    REQUIRE(pid >= 0);
    if (pid == 0) {
      close(down[1]);
      close(up[0]);
      for (const Child& other : children_) close(other.to);
      child_main(number, down[0], up[1]);
    }
    close(down[0]);
    close(up[1]);
    return {pid, down[1], up[0]};
  }

  [[noreturn]] void child_main(int number, int from, int to) {
    std::unique_ptr<Store> store = subject_.another();
    for (std::string word;;) {
      char letter = 0;
      if (read(from, &letter, 1) != 1) _exit(0);
      if (letter != '\n') {
        word += letter;
        continue;
      }
      const char outcome = deed_(*store, number, word);
      if (write(to, &outcome, 1) != 1) _exit(1);
      word.clear();
    }
  }

  std::string go_processes(const std::string& word) {
    const std::string line = word + "\n";
    for (const Child& child : children_) {
      REQUIRE(write(child.to, line.data(), line.size()) == static_cast<ssize_t>(line.size()));
    }
    std::string outcomes;
    for (const Child& child : children_) {
      char outcome = '?';
      REQUIRE(read(child.from, &outcome, 1) == 1);
      outcomes += outcome;
    }
    return outcomes;
  }

  std::string go_threads(const std::string& word) {
    std::string outcomes(static_cast<size_t>(count_), '?');
    std::barrier start(count_);
    {
      std::vector<std::jthread> threads;
      for (int number = 0; number < count_; ++number) {
        threads.emplace_back([&, number] {
          start.arrive_and_wait();
          outcomes[static_cast<size_t>(number)] = deed_(subject_.store(), number, word);
        });
      }
    }
    return outcomes;
  }

  Subject& subject_;
  const Racers kind_;
  const int count_;
  const Deed deed_;
  std::vector<Child> children_;
};

}  // namespace sluice::contract
