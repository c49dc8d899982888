// A proxy that breaks answers on their way, in front of one S3 server: toxiproxy, a program of its
// own. An answer lost downstream belongs to a request that the server has heeded: the client sees
// an error, and the object is there. It passes bytes on and can't make an answer up: no 503.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "servers/process.h"
#include "servers/servers.h"

namespace sluice {

// What is done to the bytes, and what its amount counts.
enum class Toxic : uint8_t {
  latency,     // They come so many ms later.
  timeout,     // None comes; after so many ms the connection is closed, with 0 never.
  reset_peer,  // After so many ms the connection is reset.
  limit_data,  // After so many bytes the connection is closed.
};

enum class Stream : uint8_t {
  upstream,    // Requests
  downstream,  // Answers
};

class Toxiproxy {
 public:
  Toxiproxy(uint16_t control_port, uint16_t port, std::unique_ptr<Process> process)
      : control_port_(control_port), port_(port), process_(std::move(process)) {}

  // In the place of the server's.
  std::string endpoint() const { return "http://127.0.0.1:" + std::to_string(port_); }

  // From now on, connections that are open already included. One of each kind for each stream.
  Status add(Toxic toxic, Stream stream, uint64_t amount);
  Status remove(Toxic toxic, Stream stream);
  Status remove_all();
  Status stop() { return process_->stop(); }

 private:
  const uint16_t control_port_, port_;
  const std::unique_ptr<Process> process_;
};

// `skipped` knows its error if it isn't here.
Result<std::unique_ptr<Toxiproxy>> start_toxiproxy(const S3Server& behind);

}  // namespace sluice
