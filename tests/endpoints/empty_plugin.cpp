// A shared object that is no plugin.

extern "C" [[gnu::visibility("default")]] int nothingOfInterest() { return 0; }
