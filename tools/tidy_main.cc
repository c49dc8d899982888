// tidy ROOT: says what in the project breaks a rule of the house; 1 if anything does.
#include <cstdio>

#include "tidy.h"

int main(int count, char** arguments) {
  if (count != 2) {
    std::fputs("usage: tidy ROOT\n", stderr);
    return 2;
  }
  const std::vector<sluice::Fault> faults = sluice::tidy(arguments[1]);
  for (const sluice::Fault& fault : faults) {
    std::printf("%s:%d: error: %s\n", fault.file.c_str(), fault.line, fault.what.c_str());
  }
  std::printf("tidy: %zu faults\n", faults.size());
  return faults.empty() ? 0 : 1;
}
