// SPDX-License-Identifier: MIT

#include "textflag.h"

#define ROOT(name)	JMP name(SB)

#define SYS(name, number)	ROOT(name)
#define FCNTL1(name, command)	ROOT(name)
#define FCNTL2(name, command)	ROOT(name)
#define CALL0(name, fn)	ROOT(name)
#define CALL1(name, fn)	ROOT(name)
#define CALL2(name, fn)	ROOT(name)
#define CALL3(name, fn)	ROOT(name)
#define CALL4(name, fn)	ROOT(name)
#define CALL5(name, fn)	ROOT(name)
#define CALL6(name, fn)	ROOT(name)
#define CALLD1(name, fn)	ROOT(name)
#define CALL2D(name, fn)	ROOT(name)
#define CALL2DD(name, fn)	ROOT(name)
#define CALL2D1(name, fn)	ROOT(name)
#define CALL2D2(name, fn)	ROOT(name)
#define CALL2D3(name, fn)	ROOT(name)
#define CALL4D(name, fn)	ROOT(name)

// The entry symbol of cmd/link (-E). It refers to every export, so that cmd/link
// keeps them. It never runs, and our linker drops it.
TEXT memfd_go_roots(SB),NOSPLIT|NOFRAME,$0
#include "exports.h"
