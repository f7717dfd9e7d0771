package core

const evenPairs = true
