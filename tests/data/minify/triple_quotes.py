x = """a  # b
    c   'd'
\"""e"""
y = '''  '''
print(repr(x), repr(y), repr("""a""" '''b'''))
