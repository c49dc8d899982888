// A connected socket, plain or with TLS around it: the only place where bytes cross. Never blocks;
// belongs to one thread. OpenSSL's door is stream.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

struct ssl_st;

namespace sluice {

struct TlsOptions {
  std::string ca_file = {};                     // PEM; instead of the system's authorities
  std::vector<std::string> more_ca_files = {};  // PEM; besides those
  // PEM, both or none: what this side shows of itself (mutual TLS). The certificate comes before
  // those up to its authority; the key isn't encrypted. Both may be in one file.
  std::string certificate_file = {}, key_file = {};
  bool operator==(const TlsOptions&) const = default;
};

// What all connections share: trusted authorities, sessions to resume. The peer's certificate and
// name are always verified. Safe from any thread.
class TlsContext {
 public:
  // `invalid`: a file that isn't there, a certificate without its key.
  static Result<std::unique_ptr<TlsContext>> make(TlsOptions options);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  // To be called before each connection: the first reads the files, since 150 authorities cost
  // 30 ms, and those on a thread of their own, which is waited for when a peer's certificate comes.
  // `invalid`: not PEM; a key that is encrypted, or another certificate's. Of authorities a
  // handshake tells it.
  Status open();

 private:
  friend class Stream;
  struct Inside;
  explicit TlsContext(TlsOptions options);
  const TlsOptions options_;
  std::unique_ptr<Inside> inside_;
};

class Stream {
 public:
  // How far one call came.
  struct Moved {
    enum class How : uint8_t { some, blocked, closed, failed };
    How how = How::some;
    size_t bytes = 0;
    std::string why = {};     // Of a failure
    bool is_refused = false;  // The peer doesn't take our certificate, or wants one: `denied`
    // Of an end over TLS: the peer has said that it is one, so nobody else has made it.
    bool is_announced = false;
  };

  Stream() = default;
  explicit Stream(int fd) : fd_(fd) {}
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // From here on everything goes through TLS: call handshake until it says `some`.
  void start_tls(TlsContext& context, const std::string& host);
  // An error tells whether it can be cured by trying again (transient) or not (invalid, denied).
  Result<bool> handshake();  // false: blocked

  Moved read(std::span<char> room);
  // False: nothing is there, and read() would say `blocked`, for more CPU. True: look.
  bool may_have_come() const;
  // Both, one behind the other; how many bytes of the two together.
  Moved write(std::string_view first, std::string_view second);

  int fd() const { return fd_; }
  bool is_tls() const { return tls_ != nullptr; }

 private:
  Moved moved_by_tls(int returned);
  Error handshake_error();
  static int asked_for_certificate(ssl_st* tls, void*);
  static void on_info(const ssl_st* tls, int where, int what);
  friend class TlsContext;

  int fd_ = -1;
  ssl_st* tls_ = nullptr;
  std::string host_;
  bool was_asked_ = false;     // For a certificate of ours
  bool said_goodbye_ = false;  // The peer, with TLS's close_notify
};

}  // namespace sluice
