class C:
    def __enter__(self):
        print("in")
        return self
    def __exit__(self, * a):
        print("out", a[0])
        return True
with C() as c , C():
    print("body")
    raise KeyError("k")
