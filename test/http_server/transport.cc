#include "http_server/transport.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace sluice::http_server {
namespace {

constexpr size_t tls_record_bytes = 16 << 10;

class Plain : public Transport {
 public:
  explicit Plain(int socket) : socket_(socket) {}
  ~Plain() override { close(socket_); }

  ssize_t receive(char* to, size_t bytes) override {
    const ssize_t got = ::recv(socket_, to, bytes, 0);
    return got >= 0 ? got : errno == EAGAIN || errno == EINTR ? would_block : failed;
  }
  ssize_t send(const iovec* pieces, int count) override {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(pieces);
    message.msg_iovlen = static_cast<size_t>(count);
    const ssize_t sent = ::sendmsg(socket_, &message, MSG_NOSIGNAL);
    return sent >= 0 ? sent : errno == EAGAIN || errno == EINTR ? would_block : failed;
  }
  void reset() override {
    const linger at_once{1, 0};
    setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }

 private:
  const int socket_;
};

class Tls : public Transport {
 public:
  Tls(int socket, SSL* ssl) : plain_(socket), ssl_(ssl) {}
  ~Tls() override {
    if (!is_broken_) SSL_shutdown(ssl_);
    SSL_free(ssl_);
  }

  ssize_t receive(char* to, size_t bytes) override {
    ERR_clear_error();
    return judged(SSL_read(ssl_, to, static_cast<int>(std::min<size_t>(bytes, 1 << 20))));
  }
  // One record a call: small pieces are put together, since each record costs a system call and a
  // tag. A record that didn't fit goes out first, with the bytes it was made of.
  ssize_t send(const iovec* pieces, int count) override {
    ERR_clear_error();
    const char* bytes = static_cast<const char*>(pieces[0].iov_base);
    size_t size = std::min(pieces[0].iov_len, tls_record_bytes);
    if (size < tls_record_bytes && count > 1) {
      gathered_.clear();
      for (int i = 0; i < count && gathered_.size() < tls_record_bytes; ++i) {
        gathered_.append(static_cast<const char*>(pieces[i].iov_base),
                         std::min(pieces[i].iov_len, tls_record_bytes - gathered_.size()));
      }
      bytes = gathered_.data();
      size = gathered_.size();
    }
    if (size < retry_bytes_) return failed;
    if (retry_bytes_ > 0) size = retry_bytes_;
    const ssize_t sent = judged(SSL_write(ssl_, bytes, static_cast<int>(size)));
    retry_bytes_ = sent == would_block ? size : 0;
    return sent;
  }
  bool has_more() const override { return SSL_has_pending(ssl_) == 1; }
  void reset() override {
    is_broken_ = true;
    plain_.reset();
  }

 private:
  ssize_t judged(int result) {
    if (result > 0) return result;
    const int error = SSL_get_error(ssl_, result);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return would_block;
    is_broken_ = true;  // Nothing more may be sent over it, not even a goodbye.
    return error == SSL_ERROR_ZERO_RETURN ? 0 : failed;
  }

  Plain plain_;  // Closed last
  SSL* const ssl_;
  std::string gathered_;
  size_t retry_bytes_ = 0;
  bool is_broken_ = false;
};

class OpenSslServer : public TlsServer {
 public:
  explicit OpenSslServer(SSL_CTX* context) : context_(context) {}
  ~OpenSslServer() override { SSL_CTX_free(context_); }
  std::unique_ptr<Transport> accept(int socket) override {
    SSL* ssl = SSL_new(context_);
    SSL_set_fd(ssl, socket);
    SSL_set_accept_state(ssl);
    return std::make_unique<Tls>(socket, ssl);
  }

 private:
  SSL_CTX* const context_;
};

Error openssl_error(const std::string& what) {
  char text[256];
  ERR_error_string_n(ERR_get_error(), text, sizeof text);
  return {ErrorKind::invalid, what + ": " + text};
}

}  // namespace

std::unique_ptr<Transport> make_plain_transport(int socket) {
  return std::make_unique<Plain>(socket);
}

Result<std::unique_ptr<TlsServer>> TlsServer::make(const std::string& certificate_file,
                                                   const std::string& key_file) {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  auto server = std::make_unique<OpenSslServer>(context);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context, 1);
  // A client that just closes ends the stream; it is no error.
  SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
  if (SSL_CTX_use_certificate_chain_file(context, certificate_file.c_str()) != 1) {
    return openssl_error(certificate_file);
  }
  if (SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return openssl_error(key_file);
  }
  return std::unique_ptr<TlsServer>(std::move(server));
}

}  // namespace sluice::http_server
