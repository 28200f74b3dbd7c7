import os,sys,time
from time import sleep
try:
 import machine
except Exception:
 pass
try:
 from micropython import const
except Exception:
 pass
try:
 from machine import Pin
except Exception:
 pass
try:
 from machine import Timer
except Exception:
 pass
try:
 from machine import PWM
except Exception:
 pass
try:
 from machine import I2C
except Exception:
 pass
try:
 from machine import SPI
except Exception:
 pass
try:
 from machine import ADC
except Exception:
 pass
