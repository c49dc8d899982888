// S3's REST interface over a World: https://docs.aws.amazon.com/AmazonS3/latest/API/
//
// A request goes: target -> verb -> payload's digests -> signature -> rate cap -> fault plan ->
// the verb's own method. What S3 has and nobody here asks for answers 501.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "http.h"
#include "http_server/s3_error.h"
#include "http_server/signature.h"
#include "http_server/url.h"
#include "payload.h"
#include "world.h"

namespace sluice::fake_s3 {

// Paths below this are for the test that runs the server, not for S3's clients.
constexpr std::string_view control_path = "/-fake-s3-/";

// One thread at a time; several may share a World.
class S3Handler : public Handler {
 public:
  explicit S3Handler(World& world);

  void handle(HttpRequest& request, HttpAnswer& answer) override;
  void connection_used() override;
  void connection_closed() override;
  void request_opened(size_t head_bytes, uint64_t body_bytes) override;
  void request_closed(const HttpAnswer& answer, uint64_t bytes_sent, bool sent_whole) override;

 private:
  // s3_handler.cc
  bool read_target();
  Verb classify() const;
  Verb classify_of_bucket() const;
  Verb classify_of_object() const;
  std::optional<S3Error> admit();
  void perform();
  void deliver_with(const Fault& fault);
  void begin(int status);
  void end_empty();
  void end_with(std::string_view content_type, std::string_view body);
  void refuse(const S3Error& error);
  // s3_refusals.cc
  bool answer_fault(const Fault& fault);
  S3Error skewed() const;
  S3Error redirected() const;
  S3Error no_such_key() const;
  S3Error no_such_upload() const;
  S3Error precondition_failed(std::string_view condition) const;

  // s3_objects.cc
  void get_object();
  void put_object();
  void delete_object();
  void batch_delete();
  void get_tagging();
  void create_bucket();
  void list_buckets();
  void get_location();
  std::optional<S3Error> judge_write_conditions() const;
  std::optional<S3Error> judge_read_conditions(const Object& object) const;
  struct Span {
    uint64_t offset = 0, bytes = 0;
    bool is_range = false;
  };
  std::optional<S3Error> read_range(const Object& object, Span& span) const;
  std::string kept_headers() const;
  void append_encryption(std::string& out) const;
  void store(std::shared_ptr<Object> object);
  std::string etag_of_payload() const;

  // s3_lists.cc
  void list_objects();
  void list_uploads();
  void list_parts();

  // s3_uploads.cc
  struct NamedPart;
  void create_upload();
  void put_part();
  void complete();
  void abort();
  Upload* find_upload();
  std::optional<S3Error> read_named_parts(std::vector<NamedPart>& parts) const;
  std::optional<S3Error> judge_parts(const Upload& upload,
                                     const std::vector<NamedPart>& parts) const;
  std::optional<S3Error> checksum_of_whole(const Upload& upload,
                                           const std::vector<NamedPart>& parts,
                                           Object& object) const;

  // control.cc
  void control();
  void control_post(std::string_view what);

  World& world_;
  SignatureCheck signature_;
  std::string date_;  // The Date header of date_seconds_
  int64_t date_seconds_ = 0;

  // Of the request at work.
  HttpRequest* request_ = nullptr;
  HttpAnswer* answer_ = nullptr;
  Query query_;
  std::string path_;  // Decoded
  std::string_view bucket_name_, key_;
  Bucket* bucket_ = nullptr;
  Verb verb_ = Verb::unknown;
  Payload payload_;
  int64_t now_seconds_ = 0;
  uint64_t request_number_ = 0;
  std::string body_;  // The XML being made
};

}  // namespace sluice::fake_s3
