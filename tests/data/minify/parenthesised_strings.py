def f():
    ('a'
     'b')
    ("c")
    return ('d'
            'e')
print(f())
