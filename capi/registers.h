// SPDX-License-Identifier: MIT

// Go takes its arguments in registers, so all shapes are the same call.

#define CALL0(name, fn)	GOCALL(name, fn)
#define CALL1(name, fn)	GOCALL(name, fn)
#define CALL2(name, fn)	GOCALL(name, fn)
#define CALL3(name, fn)	GOCALL(name, fn)
#define CALL4(name, fn)	GOCALL(name, fn)
#define CALL5(name, fn)	GOCALL(name, fn)
#define CALL6(name, fn)	GOCALL(name, fn)
