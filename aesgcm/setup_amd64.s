//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// func subWord(w uint32) uint32
TEXT ·subWord(SB), NOSPLIT, $0-12
	// With the same word in every column, ShiftRows changes nothing, and the last round has no MixColumns
	// (FIPS 197, Section 5.1).
	MOVL   w+0(FP), X0
	PSHUFD $0, X0, X0
	PXOR   X1, X1
	AESENCLAST X1, X0
	MOVL   X0, ret+8(FP)
	RET

// func encryptZero(k *key, out *[16]byte)
TEXT ·encryptZero(SB), NOSPLIT, $0-16
	MOVQ   k+0(FP), AX
	MOVQ   out+8(FP), DX
	MOVQ   key_count(AX), CX
	LEAQ   key_rounds(AX), AX
	MOVOU  (AX), X0

round:
	ADDQ   $16, AX
	DECQ   CX
	JEQ    last
	MOVOU  (AX), X1
	AESENC X1, X0
	JMP    round

last:
	MOVOU  (AX), X1
	AESENCLAST X1, X0
	MOVOU  X0, (DX)
	RET

// func multiply(product, x, y *[16]byte)
TEXT ·multiply(SB), NOSPLIT, $0-24
	MOVQ   product+0(FP), DX
	MOVQ   x+8(FP), AX
	MOVQ   y+16(FP), BX
	MOVQ   $0xc200000000000000, CX
	MOVQ   CX, X15
	MOVOU  (AX), X0
	MOVOU  (BX), X1
	MOVOU  X1, X2
	MOVOU  X1, X3
	MOVOU  X1, X4
	PCLMULQDQ $0x00, X0, X1  // low
	PCLMULQDQ $0x11, X0, X2  // high
	PCLMULQDQ $0x01, X0, X3  // middle
	PCLMULQDQ $0x10, X0, X4
	PXOR   X4, X3

	// The reduction of the vector code, on one block.
	PSHUFD $0x4e, X1, X5
	PCLMULQDQ $0x00, X15, X1
	PXOR   X5, X3
	PXOR   X1, X3
	PSHUFD $0x4e, X3, X5
	PCLMULQDQ $0x00, X15, X3
	PXOR   X5, X2
	PXOR   X3, X2
	MOVOU  X2, (DX)
	RET

// func features7() uint32
TEXT ·features7(SB), NOSPLIT, $0-4
	MOVL $7, AX
	XORL CX, CX
	CPUID
	MOVL CX, ret+0(FP)
	RET
