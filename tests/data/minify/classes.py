class A ( object ) :
    """Doc"""
    x : int = 1

    def __init__ ( self , v = 0 ) :
        self . v = v

    @ property
    def w ( self ) :
        return self . v + 1

    @ staticmethod
    def s ( ) :
        return "s"
class B ( A ) :
    def __repr__(self): return "<B %d>" % self.v
print(B(3), B(4).w, A.s(), B.x)
