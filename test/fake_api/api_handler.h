// The APIs over one set of records. A request goes: control -> who may come in -> rate limit ->
// fault plan -> the page, the record or the exchange that was asked for. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "counters.h"
#include "exchanges.h"
#include "http_server/http_server.h"
#include "options.h"
#include "page.h"

namespace sluice::fake_api {

// Paths below this are for the test that runs the server.
constexpr std::string_view control_path = "/-fake-api-/";

class ApiHandler : public http_server::Handler {
 public:
  ApiHandler(const Options& options, Records records, Exchanges exchanges);

  void handle(http_server::HttpRequest& request, http_server::HttpAnswer& answer) override;
  void connection_used() override;
  void connection_closed() override { --counters_.connections_open; }
  void request_opened(size_t head_bytes, uint64_t body_bytes) override;
  void request_closed(const http_server::HttpAnswer& answer, uint64_t bytes_sent,
                      bool sent_whole) override;

 private:
  // api_handler.cc
  void read_place();
  bool passes_gates();
  void perform();
  void answer_page(const PageRequest& page);
  void answer_item(std::string_view id);
  void answer_exchange(std::string_view target);
  void begin(int status);
  void end_with(std::string_view content_type, std::string body);
  void end_with(std::string_view content_type, std::shared_ptr<Rope> body);
  void refuse(int status, std::string_view why);
  // api_faults.cc
  bool answer_fault(std::string_view path, uint64_t page);
  void redirect();
  std::string retry_after();
  void deliver();
  // control.cc
  void control();
  Status control_post(std::string_view what);

  const PageOptions pages_;
  Records records_;
  const Exchanges exchanges_;
  Auth auth_;
  RateLimit rate_;
  FaultPlan faults_;
  Counters counters_;
  Nanoseconds latency_ = 0;
  uint64_t token_epoch_ = 0;
  // Until when a page that was refused shall not be asked for again.
  std::map<std::string, int64_t> retry_not_before_;

  // Of the request at work.
  http_server::HttpRequest* request_ = nullptr;
  http_server::HttpAnswer* answer_ = nullptr;
  http_server::Query query_;
  std::string_view path_;  // Without /elsewhere or /moved
  bool is_elsewhere_ = false, is_moved_ = false;
  std::string place_;  // What is asked for: the path, or the page of a path
  int64_t now_ns_ = 0;
  std::string rate_headers_;
  Fault fault_;
};

}  // namespace sluice::fake_api
