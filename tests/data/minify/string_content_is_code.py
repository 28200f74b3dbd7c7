code = '''
def f( ):
    """Inner"""
    pass
'''
print(code)
exec(code)
print(f())
