// SPDX-License-Identifier: MIT

//! The traits of the crate zeroize.

use memfd_go::{SecretBox, SecretBuf, SecretPool, SecretString};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::common::isolated;

#[test]
fn secrets_are_wiped_on_request() {
    isolated(|| {
        let mut bytes = *b"horse";
        let mut buf = SecretBuf::take(&mut bytes).unwrap();
        buf.zeroize();
        assert_eq!(*buf.read().unwrap(), [0; 5]);
        let mut key = SecretBox::new([7_u32; 2]).unwrap();
        key.zeroize();
        assert_eq!(*key.read().unwrap(), [0; 2]);
        let mut text = SecretString::take(String::from("horse")).unwrap();
        text.zeroize();
        assert_eq!(&*text.read().unwrap(), "");
    });
}

#[test]
fn secrets_implement_zeroize_on_drop() {
    fn on_drop<T: ZeroizeOnDrop>(_: &T) {}
    isolated(|| {
        on_drop(&SecretBuf::new(1).unwrap());
        on_drop(&SecretBox::new(7_u8).unwrap());
        on_drop(&SecretString::take(String::new()).unwrap());
        let pool = SecretPool::new(8, 1).unwrap();
        on_drop(&pool.take().unwrap());
        on_drop(&pool);
    });
}
