"""Module text
over two lines."""
def f():
    """Function text.

    More.
    """
    return 1
class A:
    'Class text'
    def g(self):
        'One' "Two"
        return 2
def only():
    """Nothing else."""
print(f(), A().g(), only())
