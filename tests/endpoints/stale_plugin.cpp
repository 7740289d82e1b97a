// A plugin of another version than this: it must not be asked for its types.

#include <cstdlib>

extern "C" [[gnu::visibility("default")]] int wringPluginVersion() { return 0; }
extern "C" [[gnu::visibility("default")]] void wringPluginRegister() { std::abort(); }
