def f():
    'a'.upper()
    '%d' % 3
    'a' + 'b'
    'a', 'b'
    'a' if f else 'b'
    'a'; 'b'
    return 'x' 'y' "z"
print(f(), 'a' in 'abc', 'a' not in'abc', not'a')
