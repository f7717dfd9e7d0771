// SPDX-License-Identifier: MIT

// Go takes its arguments on the stack. ARG0 to ARG6 store them (a uint64_t of 32-bit
// architectures is two), and the result is returned in the slot after the last one.

#define ARGS0	NOP
#define ARGS1	ARG0
#define ARGS2	ARGS1; ARG1
#define ARGS3	ARGS2; ARG2
#define ARGS4	ARGS3; ARG3
#define ARGS5	ARGS4; ARG4
#define ARGS6	ARGS5; ARG5
#define ARGS7	ARGS6; ARG6

#define CALL0(name, fn)	GOCALL(name, fn, ARGS0, 0)
#define CALL1(name, fn)	GOCALL(name, fn, ARGS1, 1)
#define CALL2(name, fn)	GOCALL(name, fn, ARGS2, 2)
#define CALL3(name, fn)	GOCALL(name, fn, ARGS3, 3)
#define CALL4(name, fn)	GOCALL(name, fn, ARGS4, 4)
#define CALL5(name, fn)	GOCALL(name, fn, ARGS5, 5)
#define CALL6(name, fn)	GOCALL(name, fn, ARGS6, 6)
#define CALL7(name, fn)	GOCALL(name, fn, ARGS7, 7)
