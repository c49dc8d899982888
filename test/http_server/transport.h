// The bytes of one connection, in the clear or over TLS. Never blocks. The only door to libssl.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <string>

#include "base/result.h"

namespace sluice::http_server {

class Transport {
 public:
  static constexpr ssize_t would_block = -1, failed = -2;

  virtual ~Transport() = default;
  // How many bytes came; 0 if the other side has closed.
  virtual ssize_t receive(char* to, size_t bytes) = 0;
  virtual ssize_t send(const iovec* pieces, int count) = 0;
  // Whether bytes may be there that no event will tell of.
  virtual bool has_more() const { return false; }
  // Closes with a RST, so that the other side sees a broken connection.
  virtual void reset() = 0;
};

std::unique_ptr<Transport> make_plain_transport(int socket);  // Owns the socket

// A certificate and its key, for any number of transports.
class TlsServer {
 public:
  static Result<std::unique_ptr<TlsServer>> make(const std::string& certificate_file,
                                                 const std::string& key_file);
  virtual ~TlsServer() = default;
  virtual std::unique_ptr<Transport> accept(int socket) = 0;
};

}  // namespace sluice::http_server
