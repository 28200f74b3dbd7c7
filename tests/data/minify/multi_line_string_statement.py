def f():
    'a' \
    'b'
    """c
    d""" ; x = 1
    return x
print(f())
