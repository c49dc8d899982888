// Certificates made on the spot: an authority and those it signs, in PEM files of a folder that
// goes with them. Test code.
#pragma once

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace sluice {

class TestCertificates {
 public:
  explicit TestCertificates(const std::string& name = "authority")
      : authority_key_(EVP_EC_gen("P-256")) {
    std::string folder = "/tmp/sluice-certificates-XXXXXX";
    ENSURE(::mkdtemp(folder.data()) != nullptr);
    folder_ = folder;
    authority_ = make(name, authority_key_, nullptr);
    write_certificate("ca.pem", authority_);
  }
  ~TestCertificates() {
    X509_free(authority_);
    EVP_PKEY_free(authority_key_);
    for (const std::string& file : files_) ::unlink(path(file).c_str());
    ::rmdir(folder_.c_str());
  }
  TestCertificates(const TestCertificates&) = delete;
  TestCertificates& operator=(const TestCertificates&) = delete;

  std::string path(const std::string& file) const { return folder_ + "/" + file; }
  std::string authority_file() const { return path("ca.pem"); }

  // NAME.pem and NAME.key, for 127.0.0.1 and s3.example, signed by the authority; with a password
  // for the key.
  void sign(const std::string& name, const char* password = nullptr) {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = make(name, key, authority_);
    write_certificate(name + ".pem", certificate);
    std::FILE* file = open(name + ".key");
    PEM_write_PKCS8PrivateKey(file, key, password != nullptr ? EVP_aes_128_cbc() : nullptr, nullptr,
                              0, nullptr, const_cast<char*>(password));
    std::fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
  }

  // Another file beside them, with this text.
  std::string write(const std::string& file, const std::string& text) {
    std::FILE* opened = open(file);
    std::fwrite(text.data(), 1, text.size(), opened);
    std::fclose(opened);
    return path(file);
  }

  using Context = std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)>;
  // A server's side that shows NAME.pem.
  Context server(const std::string& name) const {
    Context context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
    SSL_CTX_use_certificate_file(context.get(), path(name + ".pem").c_str(), SSL_FILETYPE_PEM);
    SSL_CTX_use_PrivateKey_file(context.get(), path(name + ".key").c_str(), SSL_FILETYPE_PEM);
    return context;
  }
  // The same, and it wants to see a certificate of this authority.
  Context server_that_asks(const std::string& name) const {
    Context context = server(name);
    SSL_CTX_load_verify_locations(context.get(), authority_file().c_str(), nullptr);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    return context;
  }

 private:
  X509* make(const std::string& name, EVP_PKEY* key, X509* issuer) {
    X509* certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial_);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_issuer_name(certificate,
                         X509_get_subject_name(issuer == nullptr ? certificate : issuer));
    extend(certificate, issuer == nullptr ? NID_basic_constraints : NID_subject_alt_name,
           issuer == nullptr ? "critical,CA:TRUE" : "IP:127.0.0.1,DNS:s3.example");
    X509_sign(certificate, authority_key_, EVP_sha256());
    return certificate;
  }
  static void extend(X509* certificate, int what, const char* value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, what, value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }
  void write_certificate(const std::string& name, X509* certificate) {
    std::FILE* file = open(name);
    PEM_write_X509(file, certificate);
    std::fclose(file);
  }
  std::FILE* open(const std::string& name) {
    files_.push_back(name);
    std::FILE* file = std::fopen(path(name).c_str(), "w");
    ENSURE(file != nullptr);
    return file;
  }

  std::string folder_;
  std::vector<std::string> files_;
  EVP_PKEY* const authority_key_;
  X509* authority_ = nullptr;
  long serial_ = 0;
};

}  // namespace sluice
