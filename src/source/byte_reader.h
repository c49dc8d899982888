// Reads what a program (or whoever writes to our standard input) prints, on a thread of its own, as
// far as it has been given room for it: without room it doesn't read, and the pipe holds the writer
// up. What the bytes are is others'; only checkpoint lines are taken out.
//
// The loop gives orders; each order is answered by one Got, in order.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/budget.h"
#include "base/buffer.h"
#include "base/child_process.h"
#include "base/inbox.h"
#include "base/result.h"
#include "source/checkpoint_lines.h"

namespace sluice {

class ByteReader {
 public:
  static constexpr Nanoseconds patience = 10_s;     // For a program that is to end
  static constexpr Nanoseconds lull = 200'000'000;  // What has come goes on when no more comes

  struct Got : Event {
    using Event::Event;
    Buffer bytes;
    Lease lease;
    bool end = false;                         // Nothing more will come, and all is well
    std::optional<Error> error;               // Nothing more will come, and not all is well
    std::vector<LineCheckpoint> checkpoints;  // Within these bytes or at their end, in order
    std::vector<std::string> warnings;        // What the program has said as errors
  };

  // Of a program, or of a descriptor of our own (which is not closed). `home` outlives the reader.
  // `silence`: how long what an ended program has left running may hold its output without a word.
  ByteReader(std::unique_ptr<ChildProcess> program, Inbox& home, Nanoseconds silence = patience);
  ByteReader(int descriptor, Inbox& home);
  ~ByteReader();  // Kills a program that still runs.

  void read(Ticket ticket, Buffer room, Lease lease);
  // The program is asked to end (SIGTERM), then made to. Whatever was to be read is let go.
  void stop(Ticket ticket);

 private:
  struct Order;
  void serve();
  void fill(Got& got);
  void read_on(Got& got);
  void give_up_on_output(Got& got);
  void conclude(Got& got);
  int input();

  Inbox& home_;
  Inbox orders_;
  Descriptor wake_;  // Readable once something else is more urgent than reading
  std::atomic<bool> stopping_ = false;
  // The thread's own:
  std::unique_ptr<ChildProcess> program_;
  const Nanoseconds silence_ = patience;
  bool program_is_over_ = false;  // What it has started may still print
  int descriptor_ = -1;
  CheckpointLines checkpoints_;
  std::string held_;  // May be the beginning of a checkpoint
  bool ended_ = false;
  std::jthread thread_;  // Last: it ends before the rest goes
};

}  // namespace sluice
