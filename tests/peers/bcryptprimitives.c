/* Wine before 8.19 has no bcryptprimitives.dll, and Rust's standard library takes its randomness from there. This is its one
   function, by the older one that Wine has. For tests under Wine alone. */
#include <windows.h>

BOOLEAN NTAPI SystemFunction036(PVOID buffer, ULONG length);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE buffer, SIZE_T length) {
    return SystemFunction036(buffer, (ULONG)length);
}
