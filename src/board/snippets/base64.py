try:
 from binascii import b2a_base64 as __belay_b
except Exception:
 __belay_b=None
