// MD5 of bytes that come piece by piece; digest.h has it in one go. One thread at a time.
#pragma once

#include <array>
#include <string_view>

namespace sluice {

class Md5 {
 public:
  Md5();
  void add(std::string_view bytes);
  std::array<unsigned char, 16> digest();  // Once, at the end

 private:
  alignas(8) std::array<unsigned char, 96> state_;  // libcrypto's, which has 92 bytes
};

}  // namespace sluice
