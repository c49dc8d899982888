// A paged API as an engine sees it, linked in place of http/engine.cc. It has the world's items,
// gives them page by page, grows, breaks off, refuses for a while, and now and then gives the page
// before once more.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "http/http.h"
#include "simulator/simulation.h"
#include "simulator/tally.h"
#include "simulator/weather.h"
#include "simulator/world.h"

namespace sluice::simulator {

class Api {
 public:
  Api(Simulation& simulation, Tally& tally, const ApiWords& words);
  ~Api();
  static Api& current();

  void add(std::string item) { items_.push_back(std::move(item)); }
  size_t size() const { return items_.size(); }
  void set_weather(const Weather& weather) { weather_ = weather; }
  uint64_t calls() const { return calls_; }

  // What becomes of one request: when, and with what. `cut_at`: the body breaks off there.
  struct Reply {
    Nanoseconds after;
    Result<HttpResponse> response;
    size_t cut_at = SIZE_MAX;
  };
  Reply ask(const std::string& url);

 private:
  HttpResponse page(const std::string& url, bool is_glitch) const;

  Simulation& simulation_;
  Tally& tally_;
  const ApiWords words_;
  std::vector<std::string> items_;
  Weather weather_;
  uint64_t calls_ = 0;
};

}  // namespace sluice::simulator
