// SPDX-License-Identifier: MIT

// A uint64_t is two words, the low one first. It follows an even number of
// words, so no ABI puts padding before it.

#define CALLD1(name, fn)	CALL3(name, fn)
#define CALL2D(name, fn)	CALL4(name, fn)
#define CALL2D1(name, fn)	CALL5(name, fn)
#define CALL2DD(name, fn)	CALL6(name, fn)
#define CALL2D2(name, fn)	CALL6(name, fn)
#define CALL2D3(name, fn)	CALL7(name, fn)
#define CALL4D(name, fn)	CALL6(name, fn)
