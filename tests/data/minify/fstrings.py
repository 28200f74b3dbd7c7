a = 3
d = {"k": 4}
print(f"{{a}}", f"{a}", f"{ a }", f'{a:>4}|', f"{a!r}", f"{a + 1 :d}")
print(f"{d['k']} # no comment", f'''{a}
   {a}''', f"{a}" "b" f'{a}')
print(f"{a=}", f"{'x' if a else 'y'}")
def g():
    f"{print('runs')}"
g()
